# Removes a throw-away server whose owner died without doing so (kill -9, a closed terminal, a crash).
# $1 is the server's folder. The owner holds the other end of standard input and writes `server PID` for each server it
# starts and `done` when all is removed; the end of the input without `done` means that the owner is gone.
# The process id comes from the owner and not from postmaster.pid, which the server's account could write: this script
# may run as root. But the server counts as running only while that file is there: its process id may be another's by
# now, and `kill -0` would wait for ever on a zombie that nobody reaps.
folder=$1
pid_file=$folder/data/postmaster.pid
server=

while read -r word pid; do
    case $word in
        server) server=$pid ;;
        done) exit 0 ;;
    esac
done

stop_server() {
    kill -INT "$server" 2>/dev/null || return 0
    tries=0
    while [ -e "$pid_file" ] && [ "$tries" -lt 100 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    if [ -e "$pid_file" ]; then
        kill -QUIT "$server" 2>/dev/null
        sleep 0.5
    fi
}

# More than once: an initdb or a server that was about to start may write while the folder is being removed.
rounds=0
while [ -e "$folder" ] && [ "$rounds" -lt 50 ]; do
    if [ -n "$server" ] && [ -e "$pid_file" ]; then
        stop_server
    fi
    rm -rf "$folder" 2>/dev/null
    sleep 0.1
    rounds=$((rounds + 1))
done

"""The app `users`, at the module path that Graphistry has it at."""

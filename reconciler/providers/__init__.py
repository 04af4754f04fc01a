"""The providers: one folder for each kind of target, and the registry that finds them."""

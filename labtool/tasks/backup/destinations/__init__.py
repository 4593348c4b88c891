"""Where backups are kept, one file a kind: a model `Options` with a method `open`."""

"""What starts runs: one file a kind of place where files arrive."""

"""What every page stands on: session, address, sidebar, loaders, messages, texts."""

"""What the pages share: navigation, cached loaders, who is looking, components and charts."""

"""Pictures of movies: drawn here, or real ones where whoever runs this server has a key for them."""

"""Lists from a matrix of movies by movies: what somebody liked speaks for what goes with it."""

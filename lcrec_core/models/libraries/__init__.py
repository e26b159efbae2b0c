"""Models of other libraries, as the comparison needs them."""

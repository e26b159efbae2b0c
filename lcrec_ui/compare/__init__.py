"""The Compare page: our figures beside the paper's and other models'."""

"""The Laboratory: the paper's network looked into, switched off in parts, and found by its numbers."""

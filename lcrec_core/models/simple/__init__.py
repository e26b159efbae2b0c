"""Lists that need no training worth the name: what everybody watches, what they watched lately, and chance."""

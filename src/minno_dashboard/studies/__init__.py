"""Study, version and who may do what with them."""

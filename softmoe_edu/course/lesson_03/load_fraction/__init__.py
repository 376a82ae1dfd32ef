"""What share of the choices each expert gets."""

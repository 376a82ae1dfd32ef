"""The whole sparse layer, from tokens to answers, in which every token chooses k experts."""

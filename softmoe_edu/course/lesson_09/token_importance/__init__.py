"""How much each token counts in the slots, as in Appendix G."""

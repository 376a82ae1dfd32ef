"""The whole Soft MoE layer, from tokens and slot vectors to answers."""

"""What happens: the only writers. Every verb checks, then writes state, event, effects and messages in one transaction."""

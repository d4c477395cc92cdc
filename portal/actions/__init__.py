"""What happens: the only writers; one file per noun; every verb checks, then writes state, event, effects and messages in one transaction."""

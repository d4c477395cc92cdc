"""The rival: a Django admin change list over the same rows."""

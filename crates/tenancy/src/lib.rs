//! Who may do how much: principals, tokens, plans, quotas.

"""Who is who: domains (公共后缀, IDN), USCC, customs and AEO codes."""

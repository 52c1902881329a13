"""Files of others that run as templates without being changed; which are named in ``templates.sources.FILES``."""

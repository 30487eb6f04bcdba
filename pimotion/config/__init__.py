"""Every setting, typed; a YAML file that becomes settings, or all its mistakes at once."""

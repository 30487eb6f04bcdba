"""The starter pack for Home Assistant: blueprints, automations, a dashboard, a broker ACL."""

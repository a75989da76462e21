"""When stages run: flows, schedules, the command line. The only place that knows Prefect."""

# The OS answers, but its health page does not: unhealthy is not unreachable.
fleet racks=2 machines=8 spares=1
boot all
show from 04:00
at 05:00 sick s-002
at 08:00 heal s-002
run until 12:00
----
04:00 8 healthy; 3 control planes, 4 workers
05:20 s-002  healthy -> unhealthy   it answers, but metrics http/9105 /metrics status 500, not 200, 3 times in a row
05:20 waiting: s-002 is unhealthy; a spare steps in if it stays so until 2026-11-21T06:15:20.516Z
08:21 s-002  unhealthy -> healthy   all 2 probes answered 3 times in a row

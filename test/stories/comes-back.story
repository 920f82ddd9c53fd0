# A machine that stops answering is set aside, and comes back by itself before anyone replaced it.
fleet racks=2 machines=8 spares=1
boot all
show from 04:00
at 05:00 unplug s-002
at 09:00 plug s-002
run until 15:00
----
04:00 8 healthy; 3 control planes, 4 workers
05:34 s-002  healthy -> unreachable   2 of 2 probes silent for 30s
05:34 plan 6: taint s-002 as unreachable: its machine is unreachable since 2026-11-21T06:05:34.626Z
05:34 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:15:34.626Z
09:28 s-002  unreachable -> healthy   all 2 probes answered 3 times in a row
09:28 plan 7: remove the taint of s-002: its machine is healthy since 2026-11-21T06:09:28.159Z

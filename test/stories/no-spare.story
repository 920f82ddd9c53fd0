# A worker dies and no spare is left: it is tainted and stays, and the plan says what it waits for.
fleet racks=2 machines=8
boot all
show from 04:00
at 05:00 kill s-002
run until 30:00
----
04:00 8 healthy; 3 control planes, 5 workers
05:33 s-002  healthy -> unreachable   2 of 2 probes silent for 30s
05:33 plan 7: taint s-002 as unreachable: its machine is unreachable since 2026-11-21T06:05:33.619Z
05:33 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:15:33.619Z
15:33 waiting: s-002 is unreachable since 2026-11-21T06:05:33.619Z and no spare of role cs is free to take its place; it stays, tainted

# A machine that comes and goes is held out until it has been good for a while.
fleet racks=2 machines=10 spares=2
boot all
show from 04:00
at 05:00 flap s-002
at 40:00 heal s-002
run until 1:30:00
----
04:00 10 healthy; 3 control planes, 5 workers
06:33 s-002  healthy -> unreachable   2 of 2 probes silent for 31s
06:33 plan 7: taint s-002 as unreachable: its machine is unreachable since 2026-11-21T06:06:33.133Z
06:33 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:16:33.133Z
07:28 s-002  unreachable -> healthy   all 2 probes answered 3 times in a row
07:29 plan 8: remove the taint of s-002: its machine is healthy since 2026-11-21T06:07:28.853Z
08:37 s-002  healthy -> unreachable   2 of 2 probes silent for 30s
08:37 plan 9: taint s-002 as unreachable: its machine is unreachable since 2026-11-21T06:08:37.612Z
08:37 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:18:37.612Z
09:23 s-002  unreachable -> healthy   all 2 probes answered 3 times in a row
09:24 plan 10: remove the taint of s-002: its machine is healthy since 2026-11-21T06:09:23.994Z
10:31 s-002  healthy -> unreachable   2 of 2 probes silent for 31s
10:31 plan 11: taint s-002 as unreachable: its machine is unreachable since 2026-11-21T06:10:31.468Z
10:31 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:20:31.468Z
11:27 s-002  unreachable -> healthy   all 2 probes answered 3 times in a row
11:27 plan 12: remove the taint of s-002: its machine is healthy since 2026-11-21T06:11:27.107Z
12:35 s-002  healthy -> unreachable   2 of 2 probes silent for 30s
12:35 plan 13: taint s-002 as unreachable: its machine is unreachable since 2026-11-21T06:12:35.276Z
12:35 waiting: s-002 is unreachable; a spare steps in if it stays so until 2026-11-21T06:22:35.276Z
22:35 plan 14: add s-007 as worker: swap s-002 by it: s-002 is unreachable since 2026-11-21T06:12:35.276Z
22:35 waiting: the spare pool of role cs holds 1 of 2 healthy machines
23:35 plan 15: remove s-002: swap s-002 by s-007: the newcomer has settled
54:00 s-002  unreachable -> healthy   all 2 probes answered 96 times in a row

# Two racks are powered on; every firmware kind boots, turns healthy and becomes a node.
fleet racks=2 machines=8 spares=1
boot all
run until 04:00
----
00:00 waiting: the first cluster needs 3 healthy machines that may be control planes; there are 0
00:28 s-006  uninitialized -> healthy   all 2 probes answered 3 times in a row
00:35 s-005  uninitialized -> healthy   all 2 probes answered 3 times in a row
00:36 s-002  uninitialized -> healthy   all 2 probes answered 3 times in a row
00:36 s-007  uninitialized -> healthy   all 2 probes answered 3 times in a row
00:36 s-004  uninitialized -> healthy   all 2 probes answered 3 times in a row
00:37 s-003  uninitialized -> healthy   all 2 probes answered 3 times in a row
00:39 s-001  uninitialized -> healthy   all 2 probes answered 3 times in a row
00:43 s-008  uninitialized -> healthy   all 2 probes answered 3 times in a row
01:36 plan 1: add s-002 as control plane: the first cluster; add s-005 as control plane: the first cluster; add s-006 as control plane: the first cluster
01:36 waiting: the spare pool of role cs holds 0 of 1 healthy machines
01:36 plan 2: add s-007 as worker: role cs gets every healthy machine
01:37 plan 3: add s-003 as worker: role cs gets every healthy machine
01:39 plan 4: add s-004 as worker: role cs gets every healthy machine
01:43 plan 5: add s-001 as worker: role cs gets every healthy machine

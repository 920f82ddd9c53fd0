# A tenth of the fleet falls silent at once, spread over the racks: suspect the network, wait.
fleet racks=4 machines=56 spares=3
boot all
show from 04:00
at 06:00 unplug s-001 s-012 s-023 s-030 s-041 s-052
at 30:00 plug s-001 s-012 s-023 s-030 s-041 s-052
run until 36:00
----
04:00 56 healthy; 3 control planes, 50 workers
06:12 wait: 6 of 56 machines of the fleet are silent together since 0s ago, so our own link or the network is suspected; waits until fewer than 6 are, or an operator lifts the hold on fleet
30:03 wait no more: fleet

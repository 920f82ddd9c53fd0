/** Which candidate is best as a control plane (CKE's scoring): rack spread first, then the newer machine. */

/** A control plane more in the rack costs ten, so it always outweighs the age of a machine. */
export function controlPlaneScore(controlPlanesInRack: number, daysToRetire: number): number {
  return (100 - controlPlanesInRack) * 10 + dayScore(daysToRetire);
}

/** -3 to 3: the longer a machine may stay, the better. */
export function dayScore(daysToRetire: number): number {
  const steps = [250, 500, 1000].filter((step) => Math.abs(daysToRetire) > step).length;
  return daysToRetire < 0 ? 0 - steps : steps;
}

/** For the choice of who steps down: the lowest does, and a member that works outweighs any rack or age. */
export function keepScore(
  healthy: boolean,
  controlPlanesInRack: number,
  daysToRetire: number,
): number {
  return controlPlaneScore(controlPlanesInRack, daysToRetire) + (healthy ? 1000 : 0);
}

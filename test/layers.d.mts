/** From the top floor to the ground, the rooms of each. */
export declare const FLOORS: readonly (readonly string[])[]
declare const layers: {forbidden: {name: string; comment: string}[]}
export default layers

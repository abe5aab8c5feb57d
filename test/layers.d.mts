declare const layers: {forbidden: {name: string; comment: string}[]}
export default layers

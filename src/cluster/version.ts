import { kubernetesVersion } from '../serving/version.ts';

/** The version of k7s; package.json says the same. */
export const productVersion = 'v0.1.0';
export { kubernetesVersion };

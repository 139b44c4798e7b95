/** Of this package and so of the command line. */
export const VERSION = '0.1.0';

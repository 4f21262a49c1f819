/** Said of the address of a desktop; see the ticket in ADR 0013. */
export const HOW_TO_OPEN = 'Open it in a browser within a minute; it works once.';

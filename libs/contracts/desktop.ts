import { z } from 'zod';

const unixSeconds = z.number().describe('Unix seconds with fraction.');

/** A person takes the desktop from Host, or keeps it. */
export const takeControl = z.strictObject({
  seconds: z.int().min(5).max(3_600).default(60).describe('How long, unless it is prolonged or given back.'),
  lease_id: z.uuid().optional().describe('Prolongs the control that was taken with this id.'),
});

/** The right to use a desktop. */
export const control = z.object({ lease_id: z.string(), by: z.string(), until: unixSeconds });

/** Where a browser sees a desktop; the address works once. */
export const desktopLink = z.object({ url: z.string(), expires_at: unixSeconds });

/** What the page of a desktop shows beside the screen. */
export const desktopStatus = z.object({
  session_id: z.string(),
  name: z.string(),
  state: z.enum(['init', 'idle', 'busy', 'closed', 'deleted']),
  desktop: z.boolean(),
  controlled_by: z.string().nullable(),
});

export type TakeControlRequest = z.infer<typeof takeControl>;
export type ControlLease = z.infer<typeof control>;
export type DesktopLink = z.infer<typeof desktopLink>;
export type DesktopStatus = z.infer<typeof desktopStatus>;

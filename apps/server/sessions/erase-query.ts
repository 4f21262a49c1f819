import { z } from 'zod';

export const eraseQuery = z.object({
  erase: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('`true` removes the history from the log and destroys the key of the secrets.'),
});

export type EraseQuery = z.infer<typeof eraseQuery>;

import { z } from 'zod';
import { SCREEN, type Point, type Region } from '#computers';

const MAX_REPEAT = 100;
const MAX_SCROLL = 100;

const OUTSIDE = `The screen is ${SCREEN.width} by ${SCREEN.height} pixels: x is 0 to ${SCREEN.width - 1}, y is 0 to ${SCREEN.height - 1}.`;

const pixel = z.number().transform(Math.round);
const within = (max: number) => pixel.pipe(z.int().min(0, OUTSIDE).max(max, OUTSIDE));

const point = z.tuple([within(SCREEN.width - 1), within(SCREEN.height - 1)]).transform((xy): Point => xy);

const region = z
  .tuple([within(SCREEN.width), within(SCREEN.height), within(SCREEN.width), within(SCREEN.height)])
  .refine(
    ([x0, y0, x1, y1]) => x0 < x1 && y0 < y1,
    'The region is [x0, y0, x1, y1] with x0 < x1 and y0 < y1.',
  )
  .transform((edges): Region => edges);

/** Null and absent mean the same to the API. */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const keys = z.string().trim().min(1, 'Name a key or a combination, such as "Return" or "ctrl+l".').max(100);
const seconds = z.number().min(0);

export const nothing = z.looseObject({});
export const atPoint = z.looseObject({ coordinate: point });
export const maybeAtPoint = z.looseObject({ coordinate: maybe(point), text: maybe(keys) });
export const key = z.looseObject({ text: keys, repeat: maybe(z.int().min(1).max(MAX_REPEAT)) });
export const holdKey = z.looseObject({ text: keys, duration: seconds });
export const typed = (maxLength: number) =>
  z.looseObject({
    text: z
      .string()
      .max(maxLength, `Type at most ${maxLength} characters at a time, or write a file instead.`),
  });
export const drag = z.looseObject({ start_coordinate: point, coordinate: point, text: maybe(keys) });
export const scroll = z.looseObject({
  scroll_direction: z.enum(['up', 'down', 'left', 'right']),
  scroll_amount: z.int().min(1).max(MAX_SCROLL),
  coordinate: maybe(point),
  text: maybe(keys),
});
export const wait = z.looseObject({ duration: seconds });
export const zoom = z.looseObject({ region });

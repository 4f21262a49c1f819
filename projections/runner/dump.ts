import { openReader } from './database.js';

/**
 * The views as text, a line for each row, sorted: two files hold the same views when their dumps are equal.
 * The checkpoint is left out. Holds one row at a time, but keeps the file open until it is read to the end.
 */
export function* dump(path: string): Generator<string> {
  const db = openReader(path);
  try {
    const tables = db
      .prepare<[], { name: string }>(
        `SELECT name FROM sqlite_master
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'checkpoint' ORDER BY name`,
      )
      .all();
    for (const { name } of tables) {
      const select = db.prepare(`SELECT * FROM "${name}"`);
      const order = select.columns().map((_, index) => index + 1);
      const sorted = db.prepare(`SELECT * FROM "${name}" ORDER BY ${order.join(', ')}`).raw();
      for (const row of sorted.iterate()) yield `${name} ${JSON.stringify(row)}\n`;
    }
  } finally {
    db.close();
  }
}

import { StandardSchemaValidationPipe } from '@nestjs/common';
import { ApiError } from '#contracts';
import { useOwnWording } from './wording.js';

type Issues = Parameters<
  NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory'] & object
>[0];

const SHOWN = 20;

/** Checks every parameter that has a schema, and says field by field what is wrong. */
export function createValidation(): StandardSchemaValidationPipe {
  useOwnWording();
  return new Validation({ exceptionFactory: refuse });
}

/** Keys such as `constructor` are a caller's data here; the one that is dangerous, `__proto__`, is refused before. */
class Validation extends StandardSchemaValidationPipe {
  protected override stripProtoKeys(): void {}
}

function refuse(issues: Issues): ApiError {
  const errors = issues.slice(0, SHOWN).map(({ path = [], message }) => ({
    path: path
      .map((part) => String(typeof part === 'object' ? part.key : part))
      .join('.')
      .slice(0, 200),
    message,
  }));
  const said = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new ApiError('validation_failed', `${said.slice(0, 3).join('; ')}.`, { errors });
}

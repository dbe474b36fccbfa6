import type { FieldTree, ValidationError } from '@angular/forms/signals';
import { wordsFor, type Failure } from '../api/outcome.js';

type AtField = ValidationError.WithOptionalFieldTree;

/**
 * A failure as errors at the fields it names. Empty when it names none of them: then it belongs beside the button, since an
 * error of the form as a whole would keep the same input from being sent again.
 */
export const refusedAt = (failure: Failure, fields: Readonly<Record<string, FieldTree<string>>>): AtField[] =>
  Object.entries(fields).flatMap(([name, fieldTree]) => {
    const message = wordsFor(failure, name);
    return message === undefined ? [] : [{ kind: 'refused', message, fieldTree }];
  });

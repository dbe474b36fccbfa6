import { Component, computed, input } from '@angular/core';
import { form, FormField, type FieldTree, required } from '@angular/forms/signals';
import { type ExecutorParameters, parameterLimits, SomeParameters } from '@muster/contracts';
import { type WritableSignal } from '@angular/core';
import { Field } from '../ui/field.js';
import { holds, readNumber } from '../ui/rules.js';

/** The parameters as text, as the form has them. `gpuLayers` and `threads` may be empty for automatic. */
export interface ParameterTexts {
  readonly contextTokens: string;
  readonly slots: string;
  readonly gpuLayers: string;
  readonly gpuBackend: string;
  readonly threads: string;
  readonly batchTokens: string;
  readonly description: string;
  readonly idleUnloadMinutes: string;
  readonly autostart: boolean;
}

export const textsOf = (parameters: ExecutorParameters): ParameterTexts => ({
  contextTokens: String(parameters.contextTokens),
  slots: String(parameters.slots),
  gpuLayers: parameters.gpuLayers === 'auto' ? '' : String(parameters.gpuLayers),
  gpuBackend: parameters.gpuBackend,
  threads: parameters.threads === 'auto' ? '' : String(parameters.threads),
  batchTokens: String(parameters.batchTokens),
  description: parameters.description,
  idleUnloadMinutes: String(parameters.idleUnloadMinutes),
  autostart: parameters.autostart,
});

const numberOrAuto = (text: string): number | 'auto' => (text.trim() === '' ? 'auto' : readNumber(text));

/** The parameters that the texts say; undefined when one of them is not as it must be. */
export function parametersOf(texts: ParameterTexts): ExecutorParameters | undefined {
  const parsed = SomeParameters.safeParse({
    contextTokens: readNumber(texts.contextTokens),
    slots: readNumber(texts.slots),
    gpuLayers: numberOrAuto(texts.gpuLayers),
    gpuBackend: texts.gpuBackend,
    threads: numberOrAuto(texts.threads),
    batchTokens: readNumber(texts.batchTokens),
    description: texts.description,
    idleUnloadMinutes: readNumber(texts.idleUnloadMinutes),
    autostart: texts.autostart,
  });
  return parsed.success ? (parsed.data as ExecutorParameters) : undefined;
}

/** Those that differ: what an order sets. */
export const changesBetween = (before: ExecutorParameters, wanted: ExecutorParameters): SomeParameters =>
  Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => before[name as keyof ExecutorParameters] !== value),
  );

const { shape } = SomeParameters;

/** The form over parameters: the page and the node judge by the same rules. */
export const parametersForm = (texts: WritableSignal<ParameterTexts>, submit: () => Promise<void>) =>
  form(
    texts,
    (path) => {
      required(path.contextTokens, { message: 'How many tokens?' });
      holds(path.contextTokens, shape.contextTokens, readNumber);
      holds(path.slots, shape.slots, readNumber);
      holds(path.gpuLayers, shape.gpuLayers, numberOrAuto);
      holds(path.threads, shape.threads, numberOrAuto);
      holds(path.batchTokens, shape.batchTokens, readNumber);
      holds(path.description, shape.description);
      holds(path.idleUnloadMinutes, shape.idleUnloadMinutes, readNumber);
    },
    { submission: { action: submit } },
  );

/** The fields of the parameters. */
@Component({
  selector: 'app-parameters-form',
  imports: [Field, FormField],
  template: `
    @let fields = of();
    <app-field
      name="context-tokens"
      label="Context of a slot, in tokens"
      inputmode="numeric"
      [of]="fields.contextTokens"
      [hint]="contextHint()"
    />
    <app-field
      name="slots"
      label="Slots"
      inputmode="numeric"
      [of]="fields.slots"
      hint="Requests answered at the same time; each has its own context"
    />
    @if (hasGpu()) {
      <app-field
        name="gpu-layers"
        label="Layers on the GPU"
        inputmode="numeric"
        [of]="fields.gpuLayers"
        hint="Empty: as many as fit. 0: none"
      />
      <div class="field">
        <label for="gpu-backend">GPU backend</label>
        <select id="gpu-backend" [formField]="fields.gpuBackend">
          <option value="auto">Automatic</option>
          <option value="cpu">None, processor only</option>
          <option value="cuda">CUDA</option>
          <option value="vulkan">Vulkan</option>
          <option value="metal">Metal</option>
        </select>
      </div>
    }
    <app-field
      name="threads"
      label="Processor threads"
      inputmode="numeric"
      [of]="fields.threads"
      hint="Empty: all cores but one"
    />
    <app-field
      name="batch-tokens"
      label="Batch, in tokens"
      inputmode="numeric"
      [of]="fields.batchTokens"
      hint="Prompt tokens computed in one step"
    />
    <app-field
      name="idle-minutes"
      label="Unload when idle, after minutes"
      inputmode="numeric"
      [of]="fields.idleUnloadMinutes"
      hint="0: stays loaded. The next request loads it again"
    />
    <app-field name="description" label="Description" [of]="fields.description" hint="For people" />
    <label class="tick"
      ><input type="checkbox" [formField]="fields.autostart" /> Start it with the node, when it is wanted</label
    >
  `,
  styles: `
    :host {
      display: grid;
      grid-template-columns: repeat(2, minmax(0, 1fr));
      gap: 14px 16px;
    }
    .tick {
      grid-column: 1 / -1;
      display: flex;
      gap: 8px;
      align-items: center;
    }
    select {
      width: 100%;
    }
    @media (max-width: 560px) {
      :host {
        grid-template-columns: minmax(0, 1fr);
      }
    }
  `,
})
export class ParametersForm {
  readonly of = input.required<FieldTree<ParameterTexts>>();
  readonly hasGpu = input.required<boolean>();
  /** The longest context that the model was made for. */
  readonly modelContext = input.required<number | undefined>();

  protected readonly contextHint = computed(() => {
    const most = this.modelContext();
    const { least } = parameterLimits.contextTokens;
    return most === undefined ? `At least ${least}` : `The model was made for up to ${most.toLocaleString('en-GB')}`;
  });
}

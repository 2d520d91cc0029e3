/** Something that a person asked for and that cannot be done: which field of it is wrong, and in one line what is expected. */
export class Refused extends Error {
  override name = 'Refused'
  readonly field: string
  /** `invalid`: it can never be; `conflict`: something that is there stands against it; `missing`: it means nothing that is there. */
  readonly why: 'invalid' | 'conflict' | 'missing'
  constructor(field: string, message: string, why: Refused['why'] = 'invalid') {
    super(message)
    this.field = field
    this.why = why
  }
}

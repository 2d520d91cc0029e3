/**
 * Decoding OTLP straight from the bytes, for every signal: envelopes and attributes. Twice the speed of generated code, and
 * nothing is built that is not kept. Unknown fields are skipped, as protobuf asks.
 */
import type { AttributeValue, Attributes } from '../../records/span.ts'
import type { Envelopes, Scope } from './json.ts'
import type { ProtoReader } from './protobuf.ts'
import { maxDepth, type ItemBuilder, type Resource, type WireTime } from './validate.ts'

/** A field's number and wire type as they stand in its tag. */
export const varint = (field: number) => field << 3
export const fixed64 = (field: number) => (field << 3) | 1
export const bytes = (field: number) => (field << 3) | 2

/** The same in every signal: request → resource envelopes → scope envelopes → items. */
const request = { envelopes: bytes(1) }
const envelope = { resource: bytes(1), scopes: bytes(2) }
const resource = { attributes: bytes(1) }
const inner = { scope: bytes(1), items: bytes(2) }
const scope = { name: bytes(1), version: bytes(2) }
const keyValue = { key: bytes(1), value: bytes(2) }
const list = { values: bytes(1) }

export const noTime: WireTime = { micros: 0, nanos: 0 }

export abstract class ProtoDecoder<Builder extends ItemBuilder> {
  readonly builder: Builder
  protected readonly reader: ProtoReader
  private readonly names: Envelopes
  private resourceIndex = -1
  private scopeIndex = -1
  private itemIndex = -1

  constructor(reader: ProtoReader, builder: Builder, names: Envelopes) {
    this.reader = reader
    this.builder = builder
    this.names = names
  }

  /** Throws DecodeError when the body is no such message. Nothing of it is kept: every text is copied. */
  request(end: number): void {
    this.each(end, request.envelopes, (stop) => this.envelope(stop))
  }

  /** Reads one item that ends at `end`. */
  protected abstract item(end: number, scope: Scope): void

  /** The place of the item being read. */
  protected readonly where = () =>
    `${this.names[0]}[${this.resourceIndex}].${this.names[1]}[${this.scopeIndex}].${this.names[2]}[${this.itemIndex}]`

  /** Fields may come in any order, so what is common to the items is looked for first. */
  private envelope(end: number): void {
    const { reader } = this
    const start = reader.at
    this.resourceIndex++
    this.scopeIndex = -1
    const attributes: Attributes = new Map()
    this.each(end, envelope.resource, (stop) => this.attributes(stop, resource.attributes, attributes))
    const common = this.builder.resource(attributes)
    reader.at = start
    this.each(end, envelope.scopes, (stop) => this.scope(stop, common))
  }

  private scope(end: number, common: Resource): void {
    const { reader } = this
    const start = reader.at
    this.scopeIndex++
    this.itemIndex = -1
    const found: Scope = { resource: common, name: '', version: '' }
    this.each(end, inner.scope, (stop) => {
      while (reader.at < stop) {
        const tag = reader.tag()
        if (tag === scope.name) found.name = this.builder.name(reader.text(stop))
        else if (tag === scope.version) found.version = this.builder.name(reader.text(stop))
        else reader.skip(tag, stop)
      }
      reader.finish(stop)
    })
    reader.at = start
    this.each(end, inner.items, (stop) => {
      this.itemIndex++
      this.item(stop, found)
    })
  }

  protected attributes(end: number, field: number, into: Attributes): void {
    this.each(end, field, (stop) => this.attribute(stop, into))
  }

  protected attribute(end: number, into: Attributes): void {
    const { reader, builder } = this
    let key = ''
    let value: AttributeValue = null
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === keyValue.key) key = reader.text(end)
      else if (tag === keyValue.value) value = this.value(reader.message(end), 0)
      else reader.skip(tag, end)
    }
    reader.finish(end)
    into.set(builder.name(key), typeof value === 'number' ? value : builder.limit(value))
  }

  protected value(end: number, depth: number): AttributeValue {
    const { reader } = this
    let value: AttributeValue = null
    while (reader.at < end) {
      const tag = reader.tag()
      switch (tag) {
        case bytes(1):
          value = reader.text(end)
          break
        case varint(2):
          value = reader.varint() !== 0
          break
        case varint(3):
          value = reader.int64()
          break
        case fixed64(4):
          value = reader.double(end)
          break
        case bytes(5):
          value = this.list(reader.message(end), depth + 1)
          break
        case bytes(6):
          value = this.object(reader.message(end), depth + 1)
          break
        case bytes(7): {
          const stop = reader.message(end)
          value = Uint8Array.from(reader.bytes.subarray(reader.at, stop))
          reader.at = stop
          break
        }
        default:
          reader.skip(tag, end)
      }
    }
    reader.finish(end)
    return value
  }

  private list(end: number, depth: number): AttributeValue[] {
    if (depth > maxDepth) throw this.reader.error(`values nested deeper than ${maxDepth}`)
    const values: AttributeValue[] = []
    this.each(end, list.values, (stop) => values.push(this.value(stop, depth)))
    return values
  }

  private object(end: number, depth: number): AttributeValue {
    const { reader } = this
    if (depth > maxDepth) throw reader.error(`values nested deeper than ${maxDepth}`)
    const entries: [string, AttributeValue][] = []
    this.each(end, list.values, (stop) => {
      let key = ''
      let value: AttributeValue = null
      while (reader.at < stop) {
        const tag = reader.tag()
        if (tag === keyValue.key) key = reader.text(stop)
        else if (tag === keyValue.value) value = this.value(reader.message(stop), depth)
        else reader.skip(tag, stop)
      }
      reader.finish(stop)
      entries.push([key, value])
    })
    // Unlike an assignment, this takes `__proto__` as the plain name that it is here.
    return Object.fromEntries(entries)
  }

  protected each(end: number, field: number, take: (stop: number) => void): void {
    const { reader } = this
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === field) take(reader.message(end))
      else reader.skip(tag, end)
    }
    reader.finish(end)
  }
}

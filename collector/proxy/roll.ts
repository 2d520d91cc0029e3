/**
 * Those under way. No Set: one that calls come to and leave all the time is laid out anew every few dozen of them, its former tables
 * point to the calls of then and to the next table, and once one of them is old, all later calls wait for a full collection.
 */

/** What can stand in a roll, in one at a time. */
export interface Entry {
  /** Where it stands; -1: nowhere. The roll's alone to set. */
  place: number
}

export class Roll<Member extends Entry> {
  private readonly members: Member[] = []

  get size(): number {
    return this.members.length
  }

  add(member: Member): void {
    member.place = this.members.push(member) - 1
  }

  /** False when it was not there. */
  delete(member: Member): boolean {
    const { place } = member
    if (place === -1) return false
    const last = this.members.pop()
    if (last !== undefined && last !== member) {
      this.members[place] = last
      last.place = place
    }
    member.place = -1
    return true
  }

  /** In no order; a copy, since they may leave meanwhile. */
  all(): Member[] {
    return [...this.members]
  }
}

import { Modal } from '@mantine/core'
import { goKeys, otherKeys, timeKeys, type KeyEntry } from './keys.ts'

/** All keys at a glance. */
export default function Help({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} size={880} title="Keys" closeButtonProps={{ 'aria-label': 'Close the help' }}>
      <div className="help">
        <Keys title="Go to" entries={goKeys} />
        <Keys title="Time" entries={timeKeys} />
        <Keys title="Everywhere" entries={otherKeys} />
      </div>
    </Modal>
  )
}

function Keys({ title, entries }: { title: string; entries: readonly KeyEntry[] }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <dl>
        {entries.map(({ keys, word }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{word}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

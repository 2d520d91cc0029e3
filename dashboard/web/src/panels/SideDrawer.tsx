import { Drawer } from '@mantine/core'
import { useMounted } from '@mantine/hooks'
import type { SideProps } from './Side.tsx'

/** The drawer of a side. It is there closed first: it gives focus back to where it was when it was opened. */
export default function SideDrawer({ title, opened, onClose, children }: SideProps) {
  const there = useMounted()
  return (
    <Drawer
      opened={opened && there}
      onClose={onClose}
      position="right"
      size={560}
      title={title}
      className="side"
      withOverlay={false}
      lockScroll={false}
      trapFocus={false}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': `Close the ${title.toLowerCase()}` }}
    >
      {children}
    </Drawer>
  )
}

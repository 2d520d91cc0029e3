import { createTheme, type MantineColorsTuple } from '@mantine/core'

/** The one accent: controls and links, never a series. */
const accent: MantineColorsTuple = [
  '#eef1ff',
  '#dbe2fd',
  '#b5c3f9',
  '#8ca2f4',
  '#6a86f0',
  '#4f6ee6',
  '#3f5fdc',
  '#2f4fd0',
  '#2743b4',
  '#1d3491',
]

export const theme = createTheme({
  colors: { accent },
  primaryColor: 'accent',
  // On dark pages too, white on it has a contrast of 4.5.
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  fontFamily: 'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  defaultRadius: 'sm',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  respectReducedMotion: true,
  cursorType: 'pointer',
})

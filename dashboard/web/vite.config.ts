import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** The manifest says which files a page loads. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), loadSoon('Overview')],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // A file costs a slow processor milliseconds, however small: what pages share comes in few.
        codeSplitting: {
          groups: [
            { name: 'app', tags: ['$initial'], priority: 2 },
            {
              name: 'panels',
              test: /[\\/]src[\\/](charts|data|lib|panels)[\\/](?!trace[\\/])/,
              minShareCount: 3,
              priority: 1,
            },
          ],
        },
      },
    },
  },
})

/** The browser is told of chunks that the app would ask for once it runs: those of the first page, which nearly all share. */
function loadSoon(page: string): Plugin {
  return {
    name: 'load-soon',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle = {} }) => {
        const chunks = Object.values(bundle).filter((file) => file.type === 'chunk')
        const first = chunks.find(({ name }) => name === page)
        const files = first ? [first.fileName, ...first.imports] : []
        return files
          .filter((file) => !chunks.some(({ fileName, isEntry }) => fileName === file && isEntry))
          .map((file) => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
            injectTo: 'head',
          }))
      },
    },
  }
}

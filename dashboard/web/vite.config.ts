import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Charts are most of the weight: a chunk of their own, which the frame does not wait for. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
  },
})

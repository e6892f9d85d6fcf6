/** Where a file is chosen or dropped. */
import { FileInput, Paper } from '@mantine/core';
import { IconFile } from '@tabler/icons-react';
import { useState } from 'react';

export function DropFile({
  label,
  description,
  value,
  onChoose,
}: {
  readonly label: string;
  readonly description?: string;
  readonly value: File | undefined;
  readonly onChoose: (file: File | undefined) => void;
}) {
  const [isOver, setOver] = useState(false);
  return (
    <Paper
      withBorder
      p="md"
      style={{ borderStyle: 'dashed' }}
      {...(isOver ? { bg: 'var(--mantine-primary-color-light)' } : {})}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onChoose(event.dataTransfer.files[0]);
      }}
    >
      <FileInput
        label={label}
        description={description ?? 'Choose it, or drop it here.'}
        placeholder="No file yet"
        leftSection={<IconFile size={16} />}
        clearable
        clearButtonProps={{ 'aria-label': 'Take the file away' }}
        value={value ?? null}
        onChange={(file) => onChoose(file ?? undefined)}
      />
    </Paper>
  );
}

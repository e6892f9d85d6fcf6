/** Which gateway a command is about: a configuration and a data folder. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '#config/config.ts';
import { loadConfig } from '#config/load.ts';
import type { InstanceOptions } from './command.ts';

const FILE = 'proviso.yaml';

/**
 * The named file, else `./proviso.yaml` where there is one, else the defaults.
 * @throws ProvisoError `config_invalid`
 */
export function readConfig(options: InstanceOptions & { readonly port?: number }): Config {
  const file = options.config ?? (existsSync(FILE) ? FILE : undefined);
  const config = loadConfig(file, process.env);
  const listen =
    options.port === undefined ? config.listen : { ...config.listen, port: options.port };
  return { ...inFolder(config, options.data), listen };
}

/** The ledger moves with the data folder, unless the configuration keeps it elsewhere. */
function inFolder(config: Config, folder: string | undefined): Config {
  if (folder === undefined) return config;
  const dataDir = resolve(folder);
  const isBeside = config.ledger.dir === join(config.dataDir, 'ledger');
  const dir = isBeside ? join(dataDir, 'ledger') : config.ledger.dir;
  return { ...config, dataDir, ledger: { ...config.ledger, dir } };
}

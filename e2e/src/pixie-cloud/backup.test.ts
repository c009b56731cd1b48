import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, runOrThrow } from '../command.ts';
import { CONTROLLERS } from './build.ts';

const BACKUP = join(CONTROLLERS, 'base/pixie-cloud/dependencies/backup.sh');
const RESTORE = join(CONTROLLERS, 'base/pixie-cloud/restore/restore.sh');
/** Where Debian keeps the programs of the newest PostgreSQL that is installed, 14 or later. */
const PROGRAMS = [18, 17, 16, 15, 14]
  .map((version) => `/usr/lib/postgresql/${version}/bin`)
  .find((directory) => existsSync(join(directory, 'initdb')));
const SLEEPING = "from pg_stat_activity where query like '%sleep(60)'";
/** Root may become the user that runs PostgreSQL. */
const able = PROGRAMS !== undefined && process.getuid?.() === 0;
const whyNot = able ? '' : ' (skipped: it needs root, and PostgreSQL installed)';

describe.skipIf(!able)(`backup and restore of the database${whyNot}`, { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-postgres-'));
  const backups = join(directory, 'backups');
  const data = join(directory, 'data');
  const env = {
    ...process.env,
    PATH: `${PROGRAMS}:${process.env.PATH}`,
    PGHOST: directory,
    PGUSER: 'pl',
    PGDATABASE: 'pl',
    DIRECTORY: backups,
    KEEP: '2',
  };
  /** PostgreSQL refuses to be run by root. */
  const asPostgres = (command: string) =>
    runOrThrow('su', ['postgres', '-s', '/bin/sh', '-c', `PATH=${PROGRAMS}:$PATH ${command}`]);
  const sql = (statement: string, database = 'pl') =>
    runOrThrow(
      'psql',
      ['--no-psqlrc', '--tuples-only', '--no-align', '--dbname', database, '-c', statement],
      { env },
    );
  const dumps = () => readdirSync(backups).sort();

  beforeAll(async () => {
    mkdirSync(backups);
    chmodSync(directory, 0o777);
    await asPostgres(`initdb --username=pl --auth=trust --pgdata=${data}`);
    // No port: only the socket in the directory.
    const options = `-c listen_addresses= -c unix_socket_directories=${directory} -c fsync=off`;
    await asPostgres(`pg_ctl --pgdata=${data} --log=${directory}/log --wait -o "${options}" start`);
    await sql('create database pl', 'postgres');
  }, 60_000);
  afterAll(async () => {
    await asPostgres(`pg_ctl --pgdata=${data} --wait --mode=immediate stop`);
    rmSync(directory, { recursive: true });
  });

  it('does not take an empty dump for a backup', async () => {
    const { code, stderr } = await run('sh', [BACKUP], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/the dump holds no table/);
    expect(dumps().filter((name) => name.startsWith('pl-'))).toEqual([]);
  });

  it('brings back what was there, and removes what came after', async () => {
    await sql('create table users (id int primary key, email text); create index on users (email)');
    await sql("insert into users select n, n || '@example.com' from generate_series(1, 1000) n");
    expect(await run('sh', [BACKUP], { env })).toMatchObject({ code: 0, stderr: '' });
    expect(dumps()).toEqual([expect.stringMatching(/^pl-\d{8}T\d{6}Z\.dump$/)]);
    await sql("delete from users where id > 10; insert into users values (5000, 'late@example.com')");
    expect(await run('sh', [RESTORE], { env })).toMatchObject({ code: 0, stderr: '' });
    expect((await sql('select count(*), max(id) from users')).trim()).toBe('1000|1000');
  });

  it('changes nothing while a server is still connected', async () => {
    const client = run('psql', ['-c', 'select pg_sleep(60)'], { env });
    await expect
      .poll(async () => (await sql(`select count(*) ${SLEEPING}`)).trim(), { timeout: 20_000 })
      .toBe('1');
    const refused = await run('sh', [RESTORE], { env: { ...env, PATIENCE: '2' } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/clients that are still connected: 1. Stop Pixie's servers first/);
    await sql(`select pg_terminate_backend(pid) ${SLEEPING}`);
    await client;
  });

  it('changes nothing when the dump is damaged', async () => {
    const damaged = join(backups, 'damaged.dump');
    writeFileSync(damaged, 'PGDMP and then nothing');
    expect((await run('sh', [RESTORE], { env: { ...env, DUMP: damaged } })).code).not.toBe(0);
    expect((await sql('select count(*) from users')).trim()).toBe('1000');
    rmSync(damaged);
  });

  it('keeps as many as it is told, the newest', async () => {
    for (const name of ['pl-20200101T000000Z.dump', 'pl-20200102T000000Z.dump']) {
      writeFileSync(join(backups, name), '');
    }
    const [, , mine] = dumps();
    const { stdout } = await run('sh', [BACKUP], { env });
    expect(stdout.match(/: removed/g)).toHaveLength(2);
    expect(dumps()).toHaveLength(2);
    expect(dumps()).toContain(mine);
  });

  it('says that there is nothing to restore', async () => {
    const empty = join(directory, 'empty');
    mkdirSync(empty);
    const { code, stderr } = await run('sh', [RESTORE], { env: { ...env, DIRECTORY: empty } });
    expect({ code, stderr }).toEqual({ code: 1, stderr: `there is no dump in ${empty}\n` });
  });
});

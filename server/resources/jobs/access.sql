select access_shared('job');
